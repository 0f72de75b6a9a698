import { expect } from "vitest";
import { accepts, refresh } from "./plan.js";

accepts("oidcc-client-test-refresh-token", {}, {}, async (seen) => {
  const tokens = [await refresh(seen), await refresh(seen)];
  expect(tokens.map(({ status }) => status)).toEqual([200, 200]);
  expect(tokens[0]?.body).not.toBe(tokens[1]?.body);
  const grants = seen.provider.tokenRequests.map(({ parameters }) => parameters.get("grant_type"));
  expect(grants).toEqual(["authorization_code", "refresh_token", "refresh_token"]);
});
