import { randomBytes } from "node:crypto";
import { type AddOpenIdConnectOptions, fromEnvironment } from "add-openid-connect";
import { createApp } from "./create-app.js";
import { createMessageApi } from "./message-api.js";
import { serve } from "./serve.js";

/** A provider to sign in at: one from the environment, or one of our own. */
interface Provider {
  readonly options: AddOpenIdConnectOptions & { readonly authority: string };
  readonly description: readonly string[];
  stop(): Promise<void>;
}

const provider = await chooseProvider();
const api = await serve(
  createMessageApi({
    issuer: provider.options.authority,
    audience: process.env["OIDC_API_AUDIENCE"] ?? "api1",
  }),
  0,
);
const app = await serve(
  createApp({ oidc: { ...provider.options, session: session() }, messageApiUrl: api.url }),
  Number(process.env["PORT"] ?? 3000),
).catch(async (error: Error) => {
  console.error(`The app cannot listen: ${error.message}. PORT=3001 npm start takes another port.`);
  await Promise.all([api.close(), provider.stop()]);
  process.exit(1);
});

console.log(["", `  Open  ${app.url}`, "", ...provider.description, `  Message API at ${api.url}`, ""].join("\n"));

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);

async function stop(): Promise<void> {
  await Promise.all([app.close(), api.close(), provider.stop()]);
  process.exit(0);
}

async function chooseProvider(): Promise<Provider> {
  const environment = fromEnvironment();
  if (environment.authority !== undefined) {
    return {
      options: { saveTokens: true, ...environment, authority: environment.authority },
      description: [`  Provider at ${environment.authority}`],
      stop: async () => {},
    };
  }
  // Loaded only where it is used: in production the test provider need not be installed.
  const { createTestIdp } = await import("add-openid-connect/testing");
  const idp = await createTestIdp();
  return {
    options: {
      authority: idp.issuer,
      // The test provider speaks http, on this machine alone. A real provider wants https, which is the default.
      requireHttpsMetadata: false,
      clientId: "pkce_client",
      clientSecret: "secret",
      scope: ["openid", "profile", "email", "roles", "api1"],
      saveTokens: true,
      // Needs sessions on the server to reach every node; two-nodes.ts has them.
      backchannelLogoutPath: false,
    },
    description: [
      `  Test provider at ${idp.issuer}`,
      "  Sign in as  alice / Abcd@1234  (an administrator)",
      "          or  bob   / Abcd@1234",
    ],
    stop: async () => {
      await idp.stop();
    },
  };
}

function session(): AddOpenIdConnectOptions["session"] {
  const { session: fromSecret } = fromEnvironment();
  if (fromSecret !== undefined) return fromSecret;
  console.log("SESSION_SECRET is not set: a random one is used, and a restart signs everyone out.");
  return { secret: randomBytes(48).toString("base64url") };
}
