import { createTestIdp, type TestIdp, type TestIdpOptions } from "add-openid-connect/testing";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type RelyingParty, type RelyingPartySettings, startRelyingParty } from "./relying-party.js";

export interface Fixture {
  readonly idp: TestIdp;
  /** Starts an app against the provider; it stops after the test. */
  start(settings?: RelyingPartySettings): Promise<RelyingParty>;
}

/** One provider for the file, apps by test. */
export function useTestIdp(options: TestIdpOptions = {}): Fixture {
  let idp: TestIdp | undefined;
  let running: RelyingParty[] = [];
  beforeAll(async () => {
    idp = await createTestIdp(options);
  });
  afterEach(async () => {
    await Promise.all(running.map((rp) => rp.stop()));
    running = [];
  });
  afterAll(() => idp?.stop());
  const fixture = {
    get idp(): TestIdp {
      if (idp === undefined) throw new Error("The provider starts before the tests.");
      return idp;
    },
    async start(settings: RelyingPartySettings = {}): Promise<RelyingParty> {
      const rp = await startRelyingParty(fixture.idp, settings);
      running.push(rp);
      return rp;
    },
  };
  return fixture;
}
