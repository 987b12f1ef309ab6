/** Which client an address belongs to. */
import { isIPv4, isIPv6 } from 'node:net';
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';

/** The eight groups of an IPv6 address. */
function groupsOf(ip: string): number[] {
  const [address = ''] = ip.split('%');
  const dotted = /(?:\d+\.){3}\d+$/.exec(address)?.[0];
  let text = address;
  if (dotted !== undefined) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
    const high = ((a << 8) | b).toString(16);
    text = `${address.slice(0, -dotted.length)}${high}:${((c << 8) | d).toString(16)}`;
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  if (tail === undefined) return before;
  const after = groups(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** An address as it is usually written: the longest run of zeros left out. */
function written(groups: readonly number[]): string {
  let [from, length] = [0, 1];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (groups[end] === 0) end++;
    if (end - at > length) [from, length] = [at, end - at];
  }
  const hex = groups.map((group) => group.toString(16));
  if (length === 1) return hex.join(':');
  return `${hex.slice(0, from).join(':')}::${hex.slice(from + length).join(':')}`;
}

/**
 * The key of a client's address: an IPv4 address is its own; of an IPv6 address the network counts, as a client has a whole one; an IPv4
 * address mapped to IPv6 is the IPv4 address, however it is written.
 *
 * @param ip - As in `request.ip`; what is no address is its own key.
 * @param ipv6Subnet - How many bits tell networks apart, a whole number from 1 to 128; `false` for whole addresses.
 * @throws {@link InvalidArgumentError}
 * @example
 * ```ts
 * rateLimit({ keyGenerator: (request) => request.user?.id ?? ipKeyGenerator(request.ip) });
 * ```
 */
export function ipKeyGenerator(ip: string, ipv6Subnet: number | false = 56): string {
  if (typeof ip !== 'string') throw new InvalidArgumentError('ip', shown(ip), 'an address');
  checkSubnet(ipv6Subnet);
  if (isIPv4(ip) || !isIPv6(ip)) return ip;
  const groups = groupsOf(ip);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6);
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  }
  if (ipv6Subnet === false) return written(groups);
  const network = groups.map((group, at) => {
    const bits = Math.min(Math.max(ipv6Subnet - at * 16, 0), 16);
    return group & (0xffff << (16 - bits)) & 0xffff;
  });
  return `${written(network)}/${ipv6Subnet}`;
}

/** @internal */
export function checkSubnet(subnet: unknown): asserts subnet is number | false {
  const fits = typeof subnet === 'number' && Number.isInteger(subnet) && subnet >= 1 && subnet <= 128;
  if (subnet !== false && !fits)
    throw new InvalidArgumentError('ipv6Subnet', shown(subnet), 'a whole number from 1 to 128, or false');
}
