// Where Dropbox answers: its own hosts, or all of them at one origin, for a test or a relay.

/** The one call that is made without the SDK for its content, which the SDK would hold whole in memory. */
export const downloadUrl = 'https://content.dropboxapi.com/2/files/download';

/** The origins of the hosts that are used. */
export interface Endpoint {
  api: string;
  content: string;
  /** Where a person allows access in a browser. */
  web: string;
}

/** Dropbox's own hosts, or `origin` for all of them, with the paths unchanged. */
export function endpointAt(origin: string | undefined): Endpoint {
  if (origin !== undefined) return { api: origin, content: origin, web: origin };
  return {
    api: 'https://api.dropboxapi.com',
    content: 'https://content.dropboxapi.com',
    web: 'https://www.dropbox.com',
  };
}

/** The address a call of the SDK goes to: the SDK only ever builds those of Dropbox's own hosts. */
export function addressAt(endpoint: Endpoint, url: string): string {
  const { hostname, pathname } = new URL(url);
  return `${hostname.startsWith('content.') ? endpoint.content : endpoint.api}${pathname}`;
}

/** `api.dropboxapi.com`, for messages. */
export function hostOf(url: string): string {
  return new URL(url).host;
}

/** JSON that fits into a header, which takes no character outside of ASCII. */
export function headerJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
