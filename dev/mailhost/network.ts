import { existsSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { run, runChecked } from './run.ts'

/**
 * The network of one mail host: a namespace of its own, joined to this machine by a veth pair named like the namespace.
 * It exists before the host boots and outlives its reboots.
 */
export type HostNetwork = {
  /** The namespace, and our end of the pair. */
  readonly name: string
  /** The mail host's addresses. */
  readonly address: string
  readonly address6: string
  /** Ours: what the mail host sees as `rip` unless a client binds to another one. */
  readonly ourAddress: string
  readonly ourAddress6: string
}

/** The host's end, inside. */
const INSIDE = 'host0'

/** Number 1 to 254: nobody else may use 10.213.N.0/24 and fd6d:6169:6c::N:0/112 on this machine. */
export function networkOf(number: number): HostNetwork {
  return {
    name: `mailhost${number}`,
    address: `10.213.${number}.2`,
    address6: `fd6d:6169:6c:${number.toString(16)}::2`,
    ourAddress: `10.213.${number}.1`,
    ourAddress6: `fd6d:6169:6c:${number.toString(16)}::1`,
  }
}

export async function openNetwork(network: HostNetwork, syslogQueue: number | undefined): Promise<void> {
  const { name } = network
  await runChecked(['ip', 'netns', 'add', name])
  if (syslogQueue !== undefined) {
    // A setting of the namespace, although it is about local sockets.
    const file = '/proc/sys/net/unix/max_dgram_qlen'
    await runChecked(['nsenter', `--net=/run/netns/${name}`, 'tee', file], { input: String(syslogQueue) })
  }
  await ip([`link add ${name} type veth peer name ${INSIDE} netns ${name}`])
  await ip([
    `address add ${network.ourAddress}/24 dev ${name}`,
    `address add ${network.ourAddress6}/64 dev ${name} nodad`,
    `link set ${name} up`,
  ])
  await ip(
    [
      'link set lo up',
      `address add ${network.address}/24 dev ${INSIDE}`,
      `address add ${network.address6}/64 dev ${INSIDE} nodad`,
      `link set ${INSIDE} up`,
      // So that a client may have any address at all.
      `route add default via ${network.ourAddress} dev ${INSIDE}`,
      `route add default via ${network.ourAddress6} dev ${INSIDE}`,
    ],
    name,
  )
}

export async function closeNetwork(name: string): Promise<void> {
  await run(['ip', 'link', 'delete', name])
  if (existsSync(`/run/netns/${name}`)) await runChecked(['ip', 'netns', 'delete', name])
}

/** Gives our end one more address, a client's. */
export async function addClientAddress(network: HostNetwork, address: string): Promise<void> {
  const length = isIPv6(address) ? '128 nodad' : '32'
  const [prefix, ...flags] = length.split(' ')
  await runChecked(['ip', 'address', 'replace', `${address}/${prefix}`, 'dev', network.name, ...flags])
}

/** Every packet in either direction vanishes without a word, as behind a dead router: no reset, no "unreachable". */
export async function cutNetwork({ name }: HostNetwork): Promise<void> {
  await runChecked(['tc', 'qdisc', 'replace', 'dev', name, 'root', 'pfifo', 'limit', '0'])
  await runChecked(['tc', '-netns', name, 'qdisc', 'replace', 'dev', INSIDE, 'root', 'pfifo', 'limit', '0'])
}

export async function restoreNetwork({ name }: HostNetwork): Promise<void> {
  await run(['tc', 'qdisc', 'delete', 'dev', name, 'root'])
  await run(['tc', '-netns', name, 'qdisc', 'delete', 'dev', INSIDE, 'root'])
}

async function ip(commands: readonly string[], namespace?: string): Promise<void> {
  const where = namespace === undefined ? [] : ['-netns', namespace]
  await runChecked(['ip', ...where, '-batch', '-'], { input: `${commands.join('\n')}\n` })
}
