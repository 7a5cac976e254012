/** How many TCP sockets this process has open, listening ones included. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^TCP|TLS/.test(name)).length;
}
