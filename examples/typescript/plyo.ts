// A client of Plyo: logs a workout so that a retry is safe, and follows what comes of it without a gap.
//
//     npm start sign-up
//     npm start log 2026-11-23T18:30:00+01:00    # the same time again is the same workout
//     npm start follow                           # until Ctrl-C; at the next start it goes on where it stopped
//     npm start history
//
// PLYO_URL, PLYO_EMAIL and PLYO_PASSWORD say where and who.

import { on } from "node:events";
import { readFile, rename, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";

const { PLYO_URL = "http://127.0.0.1:3000", PLYO_EMAIL = "ada@example.org", PLYO_PASSWORD = "a long enough password" } =
  process.env;
const credentials = { email: PLYO_EMAIL, password: PLYO_PASSWORD };

const temporary = new Set([429, 502, 503, 504]); // 502 and 504 are a proxy's.

/** An answer that the same request would get again. */
class Refused extends Error {}

type Problem = { code: string; detail: string };
type Asked = { method?: string; body?: unknown; token?: string; key?: string };

/**
 * Sends until there is an answer. A timeout says nothing of whether the command was stored: the same key and the same bytes
 * again make it the same command, so it is done once.
 */
async function request(path: string, { method = "GET", body, token, key }: Asked = {}): Promise<any> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (key) headers["idempotency-key"] = key;
  const sent = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  for (let pause = 200; ; pause = Math.min(pause * 2, 5000)) {
    let why: unknown;
    try {
      const response = await fetch(`${PLYO_URL}/api/v1${path}`, { ...sent, signal: AbortSignal.timeout(10_000) });
      if (response.ok && response.status !== 202) return await response.json();
      if (response.ok) {
        why = "it is stored, and not yet handled"; // The same request again asks for the outcome.
      } else {
        why = response.status;
        if (!temporary.has(response.status)) {
          const { code, detail } = (await response.json()) as Problem;
          if (code !== "in_flight") throw new Refused(`${response.status} ${code}: ${detail}`);
        }
        pause = Math.max(pause, 1000 * Number(response.headers.get("retry-after") ?? 0));
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
      why = error;
    }
    console.error(`again in ${pause} ms: ${why}`);
    await sleep(pause);
  }
}

const known = { token: "", until: 0 };

/** One that is good for 90 s at least: a token lasts ten minutes. */
async function accessToken(): Promise<string> {
  if (performance.now() > known.until - 90_000) {
    const answer = await request("/auth/login", { method: "POST", body: credentials });
    known.token = answer.access_token;
    known.until = performance.now() + answer.expires_in * 1000;
  }
  return known.token;
}

async function log(startedAt: string): Promise<void> {
  const sets = [{ reps: 5, load: { kg: 100 }, rpe: 8 }];
  const body = { started_at: startedAt, exercises: [{ exercise: "barbell-back-squat", sets }] };
  const token = await accessToken();
  console.log(await request("/workouts", { method: "POST", body, token, key: `workout-${startedAt}` }));
}

async function history(): Promise<void> {
  for (let cursor: string | undefined; ; ) {
    const query = new URLSearchParams({ limit: "100", ...(cursor && { cursor }) });
    const page = await request(`/workouts?${query}`, { token: await accessToken() });
    for (const workout of page.items) console.log(workout.started_at, workout.workout_id);
    cursor = page.next_cursor;
    if (!cursor) return;
  }
}

/**
 * Handles each event once: the position is kept after it was handled. Who dies in between gets it again and knows it by its
 * id.
 */
async function follow(): Promise<never> {
  for (let pause = 500; ; pause = Math.min(pause * 2, 5000)) {
    try {
      pause = (await listen()) ?? pause;
    } catch (error) {
      if (error instanceof Refused) throw error;
      console.error(`again in ${pause} ms: ${error}`);
    }
    await sleep(pause);
  }
}

/** Until the socket ends. Gives how many ms to wait before the next, if the edge has said so. */
async function listen(): Promise<number | undefined> {
  let position = await readFile("position", "utf8").catch(() => undefined);
  const token = await accessToken();
  const socket = new WebSocket(`${PLYO_URL.replace("http", "ws")}/api/v1/live`, { handshakeTimeout: 10_000 });
  const say = (frame: object) => socket.send(JSON.stringify(frame));
  socket.on("open", () => say({ t: "hello", token, cursor: position }));
  // The edge pings every 25 s: who hears nothing for longer has a connection that is dead without knowing it.
  const silence = setTimeout(() => socket.terminate(), 60_000);
  try {
    for await (const [data] of on(socket, "message", { close: ["close"] })) {
      silence.refresh();
      const frame = JSON.parse(data.toString());
      switch (frame.t) {
        case "welcome":
          console.error("from here on:", frame.resume);
          if (frame.resume.mode !== "replay") position = frame.head;
          if (frame.resume.mode === "reset") await history(); // What came before may be incomplete: read it instead.
          break;
        case "evt":
          if (frame.p !== position) throw new Refused(`a gap between ${position} and ${frame.p}`);
          console.log(frame.type, frame.id);
          position = frame.c;
          break;
        case "ready":
          position = frame.c;
          break;
        case "ping":
          say({ t: "pong" });
          position = frame.c;
          break;
        case "auth_req":
          say({ t: "auth", n: 1, token: await accessToken() });
          break;
        case "bye":
          if (!frame.resume) throw new Refused(frame.reason);
          console.error("bye:", frame.reason);
          return frame.retry_ms;
      }
      if (position) await keep(position);
    }
    console.error("the connection ended");
    return undefined;
  } finally {
    clearTimeout(silence);
    socket.terminate();
  }
}

/** Either the old or the new one, whenever the process dies. */
async function keep(position: string): Promise<void> {
  await writeFile("position.new", position);
  await rename("position.new", "position");
}

const [command, startedAt] = process.argv.slice(2);
try {
  if (command === "sign-up") console.log(await request("/auth/register", { method: "POST", body: credentials }));
  else if (command === "log" && startedAt) await log(startedAt);
  else if (command === "follow") await follow();
  else if (command === "history") await history();
  else throw new Refused("say sign-up, log TIME, follow or history");
} catch (error) {
  console.error(error instanceof Refused ? error.message : error);
  process.exitCode = 1;
}
