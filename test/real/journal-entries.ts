import type { MailHost } from '../../dev/mailhost/mail-host.ts'

/** journald asks the kernel whose control group a sender is in, so a sender has to be in Dovecot's, and to live until journald has looked. */
const JOIN =
  'for g in "" /systemd /unified; do f=/sys/fs/cgroup$g/system.slice/dovecot.service/cgroup.procs; [ ! -w "$f" ] || echo $$ >"$f"; done'
const SEND = `
use Socket;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die;
connect($s, sockaddr_un("/run/systemd/journal/socket")) or die;
while (<STDIN>) { chomp; send($s, "PRIORITY=6\\nSYSLOG_IDENTIFIER=dovecot\\nMESSAGE=$_\\n", 0) or die $! }
system("journalctl", "--sync");
`

/** Each line becomes an entry of Dovecot's own unit, whatever its bytes. Resolves when they can be read. */
export async function writeEntries(host: MailHost, lines: string | Uint8Array): Promise<void> {
  await host.run(['sh', '-c', `${JOIN}; exec perl -e "$1"`, 'sh', SEND], { input: lines })
}

/** As root, in Dovecot's name, but from another unit. */
export async function forgeEntry(host: MailHost, text: string): Promise<void> {
  await host.run(['perl', '-e', SEND], { input: `${text}\n` })
}
