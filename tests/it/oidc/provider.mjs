// A certified OpenID Connect provider (npm's oidc-provider) on loopback: node provider.mjs PORT REDIRECT_URI. It recognises whoever
// asks for it: GET /as/NAME says who is at the browser from then on.
import http from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const installed = createRequire(`${process.cwd()}/`).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(installed));

const provider = new Provider(issuer, {
    clients: [{ client_id: 'plyo', client_secret: 'only for tests', redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    cookies: { keys: ['only for tests'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_, sub) => ({
        accountId: sub,
        claims: () => ({ sub, email: `${sub}@example.org`, email_verified: !sub.startsWith('unverified') }),
    }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    pkce: { required: () => true },
});
const protocol = provider.callback();
let person;

async function recognise(request, response) {
    const { prompt, params, session } = await provider.interactionDetails(request, response);
    if (prompt.name === 'login') {
        return provider.interactionFinished(request, response, { login: { accountId: person } });
    }
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

http.createServer((request, response) => {
    if (request.url.startsWith('/as/')) {
        person = request.url.slice('/as/'.length);
        response.end();
    } else if (request.url.startsWith('/interaction/')) {
        recognise(request, response).catch((error) => response.writeHead(500).end(String(error)));
    } else {
        protocol(request, response);
    }
}).listen(Number(port), '127.0.0.1');
