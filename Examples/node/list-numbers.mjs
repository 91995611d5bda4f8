// Lists a project's numbers, as often at once as each line of input says.
import { createInterface } from "node:readline";

const {
  TOKEN_URL = "https://auth.sinch.com/oauth2/token",
  API_URL = "https://numbers.api.sinch.com",
  CLIENT_ID,
  CLIENT_SECRET,
  PROJECT_ID,
} = process.env;

// A promise, so that whoever asks while a token is being fetched waits for that one.
let token = Promise.resolve({ until: 0 });

async function fetchToken() {
  const answer = await fetch(TOKEN_URL, {
    method: "POST",
    headers: { Authorization: "Basic " + Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString("base64") },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
    signal: AbortSignal.timeout(10_000),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error_description);
  return { value: body.access_token, until: Date.now() + (body.expires_in - 60) * 1000 };
}

async function accessToken() {
  const mine = token;
  const usable = await mine.then(({ until }) => Date.now() < until, () => false);
  // Somebody else may have begun to fetch one while this one waited.
  if (!usable && token === mine) token = fetchToken();
  return (await token).value;
}

async function numbers() {
  try {
    const answer = await fetch(`${API_URL}/v1/projects/${PROJECT_ID}/activeNumbers`, {
      headers: { Authorization: `Bearer ${await accessToken()}` },
      signal: AbortSignal.timeout(10_000),
    });
    return answer.ok ? await answer.text() : `error: ${answer.status} ${await answer.text()}`;
  } catch (error) {
    return `error: ${error.message}${error.cause ? `: ${error.cause.message}` : ""}`;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  for (const answer of await Promise.all(Array.from({ length: Number(line) }, numbers))) console.log(answer);
}
