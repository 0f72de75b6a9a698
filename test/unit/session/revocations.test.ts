import { describe, expect, it } from "vitest";
import { afterRevocation } from "../../../src/authentication/session-window.js";
import type { Ticket } from "../../../src/model.js";
import { createRevocations } from "../../../src/session/revocations.js";

const clock = () => {
  const time = { seconds: 1_000, now: () => time.seconds };
  return time;
};

const ticket = (sessionId: string, more: Partial<Ticket> = {}): Ticket => ({
  sessionId,
  version: 1,
  scheme: "oidc",
  signedInAtSeconds: 900,
  issuedAtSeconds: 900,
  expiresAtSeconds: 9_000,
  isPersistent: false,
  claims: { sub: "alice" },
  evidence: { issuer: "https://a.example", subject: "alice", providerSessionId: "p1" },
  ...more,
});

describe("revocations", () => {
  it("refuse a session from its end until its cookies are dead by themselves", () => {
    const time = clock();
    const revocations = createRevocations(time.now);
    expect(revocations.isRevoked(ticket("s"))).toBe(false);
    revocations.add({ sessionId: "s" }, 1_100);
    expect(revocations.isRevoked(ticket("s"))).toBe(true);
    expect(revocations.isRevoked(ticket("other"))).toBe(false);
    time.seconds = 1_100;
    expect(revocations.isRevoked(ticket("s"))).toBe(false);
  });

  it("are not shortened by a second end with an older copy", () => {
    const time = clock();
    const revocations = createRevocations(time.now);
    revocations.add({ sessionId: "s" }, 1_100);
    revocations.add({ sessionId: "s" }, 1_001);
    time.seconds = 1_050;
    expect(revocations.isRevoked(ticket("s"))).toBe(true);
  });

  it("end one session at the provider by its sid, of that issuer alone", () => {
    const revocations = createRevocations(clock().now);
    revocations.add({ issuer: "https://b.example", providerSessionId: "p1" }, 2_000);
    expect(revocations.isRevoked(ticket("s"))).toBe(false);
    revocations.add({ issuer: "https://a.example", providerSessionId: "p1" }, 2_000);
    expect(revocations.isRevoked(ticket("s"))).toBe(true);
    const other = { issuer: "https://a.example", subject: "alice", providerSessionId: "p2" };
    expect(revocations.isRevoked(ticket("s", { evidence: other }))).toBe(false);
  });

  it("end the sign-ins of this second too, which count as begun after the end before; a late one ends none of them", () => {
    const time = clock();
    const revocations = createRevocations(time.now);
    const user = { issuer: "https://a.example", subject: "alice" };
    time.seconds = 1_000.2;
    revocations.add({ ...user, beforeSeconds: time.seconds }, 2_000);
    for (let turn = 0; turn < 3; turn++) {
      time.seconds += 0.1;
      const again = afterRevocation(ticket("s", { signedInAtSeconds: 1_000 }), revocations.endedBefore(ticket("s")));
      expect(revocations.isRevoked(again)).toBe(false);
      revocations.add({ ...user, beforeSeconds: 970 }, 2_000);
      expect(revocations.isRevoked(again)).toBe(false);
      // By turns from code, and by a logout token that took its time.
      const end = turn % 2 === 0 ? time.seconds : 999;
      revocations.add({ ...user, beforeSeconds: end }, 2_000);
      expect(revocations.isRevoked(again)).toBe(true);
    }
  });

  it("end all sessions of a user that began before, and none that began later", () => {
    const revocations = createRevocations(clock().now);
    revocations.add({ issuer: "https://a.example", subject: "alice", beforeSeconds: 950 }, 2_000);
    expect(revocations.isRevoked(ticket("s"))).toBe(true);
    expect(revocations.isRevoked(ticket("s", { signedInAtSeconds: 951 }))).toBe(false);
    revocations.add({ issuer: "https://a.example", subject: "alice", beforeSeconds: 800 }, 2_000);
    expect(revocations.isRevoked(ticket("s"))).toBe(true);
  });

  it("tell users of the app itself from those of a provider", () => {
    const revocations = createRevocations(clock().now);
    revocations.add({ subject: "alice" }, 2_000);
    expect(revocations.isRevoked(ticket("s"))).toBe(false);
    expect(revocations.isRevoked(ticket("s", { evidence: undefined }))).toBe(true);
  });

  it("are bounded at 100,000", () => {
    const revocations = createRevocations(clock().now);
    for (let n = 0; n <= 100_000; n++) revocations.add({ sessionId: `${n}` }, 2_000);
    expect(revocations.isRevoked(ticket("0"))).toBe(false);
    expect(revocations.isRevoked(ticket("1"))).toBe(true);
    expect(revocations.isRevoked(ticket("100000"))).toBe(true);
  });
});
