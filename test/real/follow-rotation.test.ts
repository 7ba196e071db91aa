import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { installHelper } from '../../dev/mailhost/install-helper.ts'
import { lease, noMailHosts } from '../../dev/mailhost/lease.ts'
import type { MailHost } from '../../dev/mailhost/mail-host.ts'
import { prepareRotation, rotate } from './chaos/rotation.ts'
import { numberedHit, openSource } from './log-chaos.ts'

type Following = { readonly hit: () => Promise<string>; readonly beat: () => Promise<void> }

/** Follows the log of a host from its end, as the bot does. */
async function follow(host: MailHost): Promise<Following> {
  const { source, close } = openSource(await installHelper(host))
  const life = new AbortController()
  const records = source.read(undefined, life.signal)[Symbol.asyncIterator]()
  onTestFinished(async () => {
    life.abort()
    await close()
    await host[Symbol.asyncDispose]()
  })
  const next = async () => {
    const { done, value } = await records.next()
    if (done === true) throw new Error('the log ended')
    return value
  }
  await next()
  return {
    async hit() {
      for (;;) {
        const record = await next()
        if (record.kind === 'gap') throw new Error(`a gap: ${record.gap.detail}`)
        if (record.kind === 'line')
          return /session=<n(\d+)>/.exec(Buffer.from(record.raw).toString('latin1'))?.[1] ?? ''
      }
    },
    async beat() {
      while ((await next()).kind !== 'beat');
    },
  }
}

/**
 * Whoever looks for writers is busy with eight processes that have 15,000 files open each, and comes to this writer last. It writes its line
 * just then, and closes the log.
 */
const LATE_WRITER = `
my ($path, $line) = @ARGV;
$| = 1;
my %others;
for (1 .. 8) {
  pipe(my $ear, my $mouth) or die;
  my $pid = fork() // die;
  if ($pid) { $others{$pid} = $mouth; next }
  close $_ for $mouth, values %others;
  my @open = map { open(my $file, '<', '/dev/null') or die; $file } 1 .. 15_000;
  write_late() if defined <$ear>;
  exit;
}
my $last = (sort keys %others)[-1];
print { $others{$last} } "\\n";
close $others{$last};
waitpid $last, 0;

sub write_late {
  open(my $log, '>>', $path) or die;
  print "open\\n";
  <STDIN>;
  my $before = busy();
  select(undef, undef, undef, 0.05) until busy() > $before + 12;
  syswrite($log, "$line\\n");
  close $log;
  print "closed\\n";
}

sub busy {
  my $sum = 0;
  for my $pid (split ' ', \`pgrep -x maillimit-host\`) {
    open(my $stat, '<', "/proc/$pid/stat") or next;
    my @field = split ' ', <$stat>;
    $sum += $field[13] + $field[14];
  }
  return $sum;
}
`

describe.skipIf(noMailHosts())('a log that is rotated', () => {
  test('shows a hit that comes right after a rotation within three seconds', async () => {
    const host = await lease('bookworm')
    await prepareRotation(host, 'numbers')
    const log = async (number: number) => {
      await host.run(['logger', '--tag', 'dovecot', '--priority', 'mail.info', numberedHit(number)])
    }
    const { hit } = await follow(host)
    const delaysMs: number[] = []
    // The best of a few, because the machine may have other things to do.
    for (let number = 0; number < 3; number++) {
      await rotate(host)
      await wait(50)
      await log(number)
      const writtenAt = performance.now()
      expect(await hit()).toBe(String(number))
      delaysMs.push(Math.round(performance.now() - writtenAt))
    }
    console.log(`a hit after a rotation came after ${delaysMs.join(', ')} ms`)
    expect(Math.min(...delaysMs)).toBeLessThan(3_000)
  })

  test('keeps a line that is written while writers are looked for, by one who is gone when it is found', async () => {
    const host = await lease('bookworm')
    await host.run(['systemctl', 'stop', 'syslog.socket', 'rsyslog.service'])
    await host.writeFile('/etc/maillimit.conf', `log = ${host.logPath}\n`)
    await host.writeFile(host.logPath, 'first line\n')
    const { hit, beat } = await follow(host)
    const late = host.spawn([
      'sh',
      '-c',
      'ulimit -n 16000; exec perl -e "$0" "$@"',
      LATE_WRITER,
      host.logPath,
      numberedHit(1),
    ])
    onTestFinished(() => void late.kill())
    const said = async () => new Promise((resolve) => late.stdout.once('data', resolve))
    await said()
    await beat()
    await host.run(['sh', '-c', 'mv "$1" "$1.1"; : >"$1"', 'sh', host.logPath])
    late.stdin.write('\n')
    await said()
    await host.run(['sh', '-c', 'cat >>"$1"', 'sh', host.logPath], {
      input: `${numberedHit(2)}\n${numberedHit(3)}\n`,
    })
    expect([await hit(), await hit()]).toEqual(['1', '2'])
    late.stdin.end()
  })
})
