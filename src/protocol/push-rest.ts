/** After a refusal, pushing rests for a while: otherwise every sign-in would pay for another one. */
export interface Pushes {
  isResting(): boolean;
  rest(): void;
}

export function createPushes(now: () => number, restSeconds: number): Pushes {
  let until = Number.NEGATIVE_INFINITY;
  return {
    isResting: () => now() < until,
    rest: () => {
      until = now() + restSeconds;
    },
  };
}
