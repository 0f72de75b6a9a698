/** oidc-provider, loaded when first needed. */
export type OidcProviderLibrary = typeof import("oidc-provider") & {
  readonly Provider: typeof import("oidc-provider").default;
  /** Runs `work` without oidc-provider's line about the runtime. */
  readonly quietly: <T>(work: () => T) => T;
};

/** The only notice that a user of Node 20 cannot act on; it works there. */
const KNOWN = /^oidc-provider WARNING: Unsupported runtime\./;

export async function loadOidcProvider(): Promise<OidcProviderLibrary> {
  const { warn } = console;
  console.warn = filtered(warn);
  try {
    const library = await import("oidc-provider");
    return { ...library, Provider: library.default, quietly };
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new Error("The test provider runs on oidc-provider, which is not installed: npm install -D oidc-provider@9", {
      cause,
    });
  } finally {
    console.warn = warn;
  }
}

function quietly<T>(work: () => T): T {
  const { warn } = console;
  console.warn = filtered(warn);
  try {
    return work();
  } finally {
    console.warn = warn;
  }
}

function filtered(warn: typeof console.warn): typeof console.warn {
  return (...given: readonly unknown[]) => {
    // oidc-provider colours its lines on a terminal.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins a colour
    const line = String(given[0]).replace(/\x1b\[[\d;]*m/g, "");
    if (!KNOWN.test(line)) warn(...given);
  };
}
