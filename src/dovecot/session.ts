/** One live connection as `doveadm who` shows it (2.3: service is its `proto`). */
export type Session = {
  readonly user: string
  readonly service: string
  readonly pid: number
  /** The client's address. */
  readonly ip: string
  /** The server's address; 2.4 only. */
  readonly destIp: string | undefined
}
