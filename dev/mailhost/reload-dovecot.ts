import type { MailHost } from './mail-host.ts'

const SCRIPT = `before=$(pgrep -x -f dovecot/log)
systemctl reload dovecot || exit
for try in $(seq 600); do
  for log in $(pgrep -x -f dovecot/log); do case $before in *$log*) ;; *) exit 0 ;; esac; done
  sleep 0.05
done
echo 'Dovecot did not reload' >&2
exit 1`

/** `systemctl reload dovecot` returns before Dovecot has read its configuration; this resolves when it has, and throws after 30 s. */
export async function reloadDovecot(host: MailHost): Promise<void> {
  await host.run(['sh', '-c', SCRIPT])
}
