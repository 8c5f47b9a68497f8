// Pulling: what a master offers its readers, and what a reader keeps of a master.

/** `apps.<name>.serve`: the master. */
export interface ServeConfig {
  readonly host: string;
  readonly port: number;
  /** The names of readers, by the SHA-256 of their keys. */
  readonly keys: ReadonlyMap<string, string>;
  /** Undefined for plain HTTP: on this machine, or inside a tunnel. */
  readonly tls:
    { readonly certificate: string; readonly key: string; readonly keyPath: () => string } | undefined;
  readonly tables: readonly string[] | undefined;
  readonly without: readonly string[];
  readonly keptMs: number;
  readonly logRowsMax: number;
}

/** `pulls.<name>`: a replica. */
export interface PullConfig {
  readonly name: string;
  /** The master: `https://pi.lan:5001`. */
  readonly from: URL;
  /** SHA-256 of its certificate, 64 hex digits, where nobody else vouches for it. */
  readonly pin: string | undefined;
  /** Whether the certificate signed itself, as the environment says; then there has to be a pin. */
  readonly signsItself: boolean;
  /** The file that is kept. */
  readonly replica: string;
  readonly everyMs: number;
  /** How often all of it is taken anew where changes alone cannot tell everything. */
  readonly fullEveryMs: number;
  /** When a replica is too old for its readers. */
  readonly ageMaxMs: number;
  readonly timeoutMs: number;
  /** No answer holds more. */
  readonly bytesMax: number;
  /** Where its status is shown; undefined for nowhere. */
  readonly status: { readonly host: string; readonly port: number } | undefined;
  readonly keyFile: string | undefined;
  /** Throws OpsError `denied` for a file that others may read; undefined where none is given. */
  readKey(): string | undefined;
}
