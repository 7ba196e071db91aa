import ipaddr from 'ipaddr.js'

/** Four numbers to 255 without leading zeros, which some programs read as octal. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/

/** One spelling for each address: IPv4 in four parts, IPv6 shortened, IPv4-mapped as IPv4. Undefined when the text is no address. */
export function canonicalAddress(ip: string): string | undefined {
  if (IPV4.test(ip)) return ip
  if (!ip.includes(':') || ip.includes('%') || !ipaddr.IPv6.isValid(ip)) return undefined
  const address = ipaddr.IPv6.parse(ip)
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString()
}
