"""What schemathesis needs to know of this API besides its document."""

import re
import uuid

import schemathesis

# Why a request may be declined that is right by its schema. Any other code for such a request is a finding: what can be said in
# a schema is said there.
SAID_NOWHERE = {
    # What there is, or was: codes of mails and apps, exercises of one's own, a password that everybody thinks of.
    "invalid_code",
    # What only a device or a provider can write.
    "invalid_passkey",
    "invalid_provider_answer",
    # What a decoder reads in the bytes of a picture.
    "invalid_image",
    "too_many_pixels",
    "invalid_cursor",
    "unknown_exercise",
    "revision_changed",
    # What depends on the time.
    "invalid_due_at",
    # What the exercise measures.
    "measure_differs",
}
# The same of parts of a body: a password is none of the commonest, a code is one of the catalogue, a set has one of several
# fields that suit its exercise, a name has a letter or a digit, a time is not before another and a date is not ahead, and
# a display name is one line.
SAID_NOWHERE_OF = re.compile(
    r"/(password|time_zone|name|display_name|(equipment|muscles)(/\d+)?|targets/\d+/exercise|exercises/\d+/(exercise|sets/\d+(/\w+)?)"
    r"|started_at|ended_at|date|birth_year|injuries/\d+/since)"
)

# What holds of every text in a body, and no schema repeats.
SAID_OF_ALL = {"text must not contain NUL", "the name of a field must be text"}


@schemathesis.hook
def before_call(context, case, **kwargs):
    """Every request is one of its own, and of now: a key that is used twice gives the first answer again, and another revision
    declines whatever else is wrong."""
    headers = case.headers
    if not headers or not case.meta.generation.mode.is_positive:
        return
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = str(uuid.uuid4())
    headers.pop("If-Match", None)


@schemathesis.check
def declines_only_what_its_schema_forbids(context, response, case):
    if response.status_code not in (400, 422) or not case.meta.generation.mode.is_positive:
        return
    problem = response.json()
    violations = problem.get("violations", [])
    others = [violation["pointer"] for violation in violations if violation["detail"] not in SAID_OF_ALL]
    if violations and all(SAID_NOWHERE_OF.fullmatch(pointer) for pointer in others):
        return
    if problem["code"] not in SAID_NOWHERE:
        raise AssertionError(f"right by its schema, and declined: {problem}")
