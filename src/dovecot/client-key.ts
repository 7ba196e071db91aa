import ipaddr from 'ipaddr.js'
import { canonicalAddress } from './canonical-address.ts'

/**
 * The client that an address stands for: IPv4 exactly, IPv6 by /64 (one customer's network, whose machines change
 * their addresses), an IPv4-mapped address as its IPv4. Undefined when the text is no address.
 */
export function clientKey(ip: string): string | undefined {
  const address = canonicalAddress(ip)
  if (address === undefined || !address.includes(':')) return address
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toString()}/64`
}
