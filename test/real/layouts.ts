import { ADDED, banner, changed, from20, IMAP, LOCAL, MAIN, refused, SETTING } from './layout.ts'
import type { Layout } from './layout.ts'

/** Each is tried on each version. */
export const LAYOUTS: readonly Layout[] = [
  { title: 'the default as a comment only', prepare: '', outcome: changed(IMAP, ...ADDED) },
  { title: 'an active value', prepare: 'active 20', outcome: from20(IMAP) },
  {
    title: 'a value without spaces',
    prepare: `active 20; sed -i 's/^  ${SETTING} = 20/${SETTING}=20/' $imap`,
    outcome: changed(IMAP, `-${SETTING}=20`, `+${SETTING}=30`),
  },
  {
    title: 'a trailing comment',
    prepare: `active 20; sed -i 's/= 20$/= 20   # the office has "many" devices/' $imap`,
    outcome: changed(
      IMAP,
      `-  ${SETTING} = 20   # the office has "many" devices`,
      `+  ${SETTING} = 30   # the office has "many" devices`,
    ),
  },
  {
    title: 'tabs',
    prepare: `active 20; sed -i 's/^  ${SETTING} = 20/\\t${SETTING}\\t=\\t20\\t/' $imap`,
    outcome: changed(IMAP, `-\t${SETTING}\t=\t20\t`, `+\t${SETTING}\t=\t30\t`),
  },
  {
    title: 'a quoted value',
    prepare: `active '"20"'`,
    outcome: changed(IMAP, `-  ${SETTING} = "20"`, `+  ${SETTING} = "30"`),
  },
  {
    title: 'a continuation line',
    prepare: `active '\\\\\\n      20'`,
    outcome: changed(IMAP, '-      20', '+      30'),
  },
  {
    title: 'CRLF line ends, the default as a comment',
    prepare: `sed -i 's/$/\\r/' $imap`,
    outcome: changed(IMAP, `+  ${SETTING} = 30\r`),
  },
  {
    title: 'CRLF line ends, an active value',
    prepare: `active 20; sed -i 's/$/\\r/' $imap`,
    outcome: changed(IMAP, `-  ${SETTING} = 20\r`, `+  ${SETTING} = 30\r`),
  },
  {
    title: 'no newline at the end of the file, and no block',
    prepare: `no_block; printf '# the end' >>$imap`,
    // diff shows the line that gains its newline, too
    outcome: changed(IMAP, '-# the end', '+# the end', '+protocol imap {', ...ADDED, '+}'),
  },
  {
    title: 'a file that is not UTF-8',
    prepare: `active 20; printf '# caf\\351 \\001\\n' >>$imap`,
    outcome: from20(IMAP),
  },
  {
    title: 'a quoted value in single quotes, with a comment',
    prepare: `active "'20' # for now"`,
    outcome: changed(IMAP, `-  ${SETTING} = '20' # for now`, `+  ${SETTING} = '30' # for now`),
  },
  {
    title: 'the header of the block with a comment, a tab and quotes',
    prepare: `active 20; sed -i 's/^protocol imap {/protocol\\t"imap" {  # ours/' $imap`,
    outcome: from20(IMAP),
  },
  {
    title: 'a continuation of a comment, which is none',
    prepare: `active 20; sed -i 's/^protocol imap {/# was: \\\\\n&/' $imap`,
    outcome: from20(IMAP),
  },
  {
    title: 'an !include that finds nothing but with !include_try',
    prepare: `active 20; echo '!include_try /nowhere/*.conf' >>dovecot.conf`,
    outcome: from20(IMAP),
  },
  {
    title: 'several blocks in one file, the later one with the value',
    prepare: 'active 15; imap_block 20 >>$imap',
    outcome: from20(IMAP),
  },
  {
    title: 'several blocks, the later one in another file',
    prepare: 'active 15; imap_block 20 >conf.d/99-site.conf',
    outcome: from20('/etc/dovecot/conf.d/99-site.conf'),
  },
  {
    title: 'the value twice in one block',
    prepare: `active '15\\n  ${SETTING} = 20'`,
    outcome: from20(IMAP),
  },
  {
    title: 'a block in dovecot.conf after the includes',
    prepare: 'active 15; imap_block 20 >>dovecot.conf',
    outcome: from20(MAIN),
  },
  {
    title: 'a block in local.conf after the includes',
    prepare: 'active 15; imap_block 20 >>local.conf',
    outcome: from20(LOCAL),
  },
  {
    title: 'a value for all services only, in local.conf',
    prepare: `echo '${SETTING} = 20' >>local.conf`,
    outcome: changed(IMAP, ...ADDED),
  },
  {
    title: 'a value for all services, set before and after the includes',
    prepare: `sed -i '/^!include conf.d/i ${SETTING} = 15' dovecot.conf; echo '${SETTING} = 20' >>local.conf`,
    outcome: changed(IMAP, ...ADDED),
  },
  {
    title: 'the block in another file than 20-imap.conf',
    prepare: `no_block; printf 'protocol imap {\\n}\\n' >conf.d/99-site.conf`,
    outcome: changed('/etc/dovecot/conf.d/99-site.conf', ...ADDED),
  },
  {
    title: 'no block anywhere',
    prepare: 'no_block',
    outcome: changed(IMAP, '+protocol imap {', ...ADDED, '+}'),
  },
  {
    title: 'no block anywhere and no 20-imap.conf',
    prepare: 'rm $imap',
    outcome: changed(MAIN, '+protocol imap {', ...ADDED, '+}'),
  },
  {
    title: 'a block for "imap pop3", which matches nothing',
    prepare: `printf 'protocol "imap pop3" {\\n  ${SETTING} = 77\\n}\\n' >>local.conf`,
    outcome: changed(IMAP, ...ADDED),
  },
  {
    title: 'a value in a file that a block includes',
    prepare: `no_block; echo '${SETTING} = 20' >imap-limits.inc
printf 'protocol imap {\\n  !include ../imap-limits.inc\\n}\\n' >>$imap`,
    outcome: changed('/etc/dovecot/imap-limits.inc', `-${SETTING} = 20`, `+${SETTING} = 30`),
  },
  {
    title: 'a copy named 20-imap.bak.conf, which is read as well',
    prepare: `active 20; cp $imap conf.d/20-imap.zzz.conf; active 15; sed -i 's/= 20/= 15/' $imap`,
    outcome: from20('/etc/dovecot/conf.d/20-imap.zzz.conf'),
  },
  {
    title: '!include_try with a value',
    prepare: `mkdir site; imap_block 20 >site/limits.conf; imap_block 99 >site/.hidden.conf
echo '!include_try site/*.conf' >>dovecot.conf`,
    outcome: from20('/etc/dovecot/site/limits.conf'),
  },
  {
    title: 'conf.d/* without a suffix, which would load a backup',
    prepare: `active 20; rm -f conf.d/*.ext conf.d/10-auth.conf; sed -i 's/^!include conf.d.*/!include conf.d\\/*/' dovecot.conf`,
    outcome: { ...from20(IMAP), backupIn: '/var/lib/maillimit/backups' },
  },
  {
    title: 'absolute includes',
    prepare: `active 20; sed -i 's,^!include conf.d.*,!include /etc/dovecot/conf.d/*.conf,' dovecot.conf`,
    outcome: from20(IMAP),
  },
  {
    title: 'a file that is a symbolic link',
    prepare: `active 20; mkdir -p sites; mv $imap sites/imap.settings; ln -s ../sites/imap.settings $imap`,
    outcome: from20('/etc/dovecot/sites/imap.settings'),
  },
  {
    title: 'a folder that is a symbolic link',
    prepare: 'active 20; mv conf.d conf.2026; ln -s conf.2026 conf.d',
    outcome: from20('/etc/dovecot/conf.2026/20-imap.conf'),
  },
  {
    title: 'a path with spaces',
    prepare: `mkdir 'our site'; imap_block 20 >'our site/our limits.conf'; echo '!include our site/*.conf' >>dovecot.conf`,
    outcome: from20('/etc/dovecot/our site/our limits.conf'),
  },
  {
    title: 'a remote block that decides for the client',
    prepare: `printf 'remote 192.0.2.0/24 {\\n  ${SETTING} = 20\\n}\\n' >>local.conf`,
    client: '192.0.2.7',
    outcome: refused('override', `${LOCAL}:  ${SETTING} = 20`),
  },
  {
    title: 'a remote block that does not concern the client',
    prepare: `printf 'remote 192.0.2.0/24 {\\n  ${SETTING} = 20\\n}\\n' >>local.conf`,
    client: '198.51.100.7',
    outcome: changed(IMAP, ...ADDED),
  },
  {
    title: 'a remote block that Dovecot 2.3 cannot bring together with a value for imap',
    prepare: `sed -i '/^protocol !indexer/,/^}/d' conf.d/10-mail.conf
printf 'remote 192.0.2.0/24 {\\n  ${SETTING} = 20\\n}\\n' >>local.conf`,
    outcome: (release) =>
      release === 'trixie' ? changed(IMAP, ...ADDED) : refused('conflict', `${LOCAL}:remote 192.0.2.0/24 {`),
  },
  {
    title: 'a protocol block within a remote block, for the client',
    prepare: `printf 'remote 192.0.2.0/25 {\\n  protocol imap {\\n    ${SETTING} = 20\\n  }\\n}\\n' >>local.conf`,
    client: '192.0.2.77',
    outcome: refused('override', `${LOCAL}:    ${SETTING} = 20`),
  },
  {
    title: 'a protocol block within a remote block, for another client',
    prepare: `printf 'remote 192.0.2.0/25 {\\n  protocol imap {\\n    ${SETTING} = 20\\n  }\\n}\\n' >>local.conf`,
    client: '192.0.2.177',
    outcome: changed(IMAP, ...ADDED),
  },
  {
    title: 'a protocol block within a remote block of IPv6, for the client',
    prepare: `printf 'remote 2001:db8:7::/48 {\\n  protocol imap {\\n    ${SETTING} = 20\\n  }\\n}\\n' >>local.conf`,
    client: '2001:DB8:7::1',
    outcome: refused('override', `${LOCAL}:    ${SETTING} = 20`),
  },
  {
    title: 'a local block',
    prepare: `printf 'local 192.0.2.1 {\\n  ${SETTING} = 20\\n}\\n' >>local.conf`,
    outcome: changed(IMAP, ...ADDED),
  },
  {
    title: 'a block for every protocol but pop3, at the end',
    prepare: `printf 'protocol !pop3 {\\n  ${SETTING} = 20\\n}\\n' >>local.conf`,
    outcome: (release) =>
      release === 'trixie' ? refused('override', `${LOCAL}:  ${SETTING} = 20`) : changed(IMAP, ...ADDED),
  },
  {
    title: 'a block for every protocol but pop3, at the beginning',
    prepare: `printf 'protocol !pop3 {\\n  ${SETTING} = 20\\n}\\n' >conf.d/05-site.conf`,
    outcome: (release) =>
      release === 'trixie'
        ? changed(IMAP, ...ADDED)
        : refused('override', `/etc/dovecot/conf.d/05-site.conf:  ${SETTING} = 20`),
  },
  {
    title: 'a value of 0 for all services',
    prepare: `echo '${SETTING} = 0' >>local.conf`,
    outcome: refused('zero', `${LOCAL}:${SETTING} = 0`),
  },
  {
    title: 'a value of 0 for imap',
    prepare: 'active 0',
    outcome: refused('zero', `${IMAP}:  ${SETTING} = 0`),
  },
  {
    title: 'a value of 30 already',
    prepare: 'active 30',
    outcome: refused('lower', `${IMAP}:  ${SETTING} = 30`),
  },
  {
    title: 'a value of 50, which is more',
    prepare: 'active 50',
    outcome: refused('lower', `${IMAP}:  ${SETTING} = 50`),
  },
  { title: 'a file that Ansible writes', ...banner('# Ansible managed') },
  {
    title: 'a file that Ansible writes, in its own words',
    ...banner('# This file is managed by Ansible - changes will be lost'),
  },
  { title: 'a file that Puppet writes', ...banner('# HEADER: This file is managed by Puppet.', 3) },
  { title: 'a file that Chef writes', ...banner('# Generated by Chef for mx1.example.com') },
  { title: 'a file that Salt writes', ...banner('# Do not edit: salt://dovecot/20-imap.conf') },
  {
    title: 'a file that a panel writes',
    ...banner('# Automatically generated by cPanel. Your changes will be overwritten.'),
  },
  {
    title: 'a file that a script of the sysadmins writes',
    ...banner('# managed by sysadmin scripts; do not edit'),
  },
  {
    title: 'a file that talks of a tool only further down, or of other people',
    prepare: `active 20; sed -i '1i # mailboxes that are managed by sysadmin' $imap; echo '# puppet used to write this' >>$imap`,
    outcome: from20(IMAP),
  },
  {
    title: 'another file that a tool writes',
    prepare: `active 20; sed -i '1i # Ansible managed' local.conf`,
    outcome: from20(IMAP),
  },
  {
    title: 'a value that anyone may write',
    prepare: 'active 20; chmod o+w $imap',
    outcome: refused('writable-by-others', IMAP),
  },
  {
    title: 'an include with braces',
    prepare: `sed -i 's,^!include conf.d.*,!include {conf.d}/*.conf,' dovecot.conf`,
    outcome: refused('includes', `${MAIN}:!include {conf.d}/*.conf`),
  },
]
