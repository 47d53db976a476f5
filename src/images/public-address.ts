import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * @returns the address as it is written shortest, an IPv4 address that is wrapped in an IPv6 one as itself;
 *   nothing for what is no address, or one of a network interface (fe80::1%eth0)
 */
export const parseAddress = (text: string): string | undefined =>
  isIP(text) === 0 || text.includes('%') ? undefined : ipaddr.process(text).toString();

/** Public by its range, yet answered by the host of a virtual machine: Azure's, with secrets for whoever asks. */
const ofTheHost: ReadonlySet<string> = new Set(['168.63.129.16']);

/**
 * Whether an address is one of the public internet: not of this machine, a private network, a tunnel or translator
 * that may lead into one (NAT64, 6to4, Teredo), many machines at once, or reserved.
 */
export function isPublicAddress(text: string): boolean {
  const parsed = parseAddress(text);
  if (parsed === undefined || ofTheHost.has(parsed)) return false;
  const address = ipaddr.parse(parsed);
  if (address.range() !== 'unicast') return false;
  // 2000::/3: all that is given out; the rest holds IPv4 in disguise too, such as ::127.0.0.1.
  return address.kind() === 'ipv4' || address.toByteArray()[0] >> 5 === 1;
}
