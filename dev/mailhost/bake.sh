#!/bin/sh
# Turns a fresh debootstrap into a mail host for tests. Runs inside it (chroot), once a template:
#   sh bake.sh bookworm|trixie|el9like
# Everything that Debian ships stays where Debian puts it; a site's own settings go where an administrator would put them.
set -eu
release=$1

# --- Dovecot: any name logs in with one password, and gets a maildir of its own ---
useradd --uid 5000 --user-group --create-home --home-dir /var/vmail --shell /usr/sbin/nologin vmail
chmod 0700 /var/vmail
sed -i 's/^!include auth-system/#&/' /etc/dovecot/conf.d/10-auth.conf
case $release in
trixie)
	cat >/etc/dovecot/local.conf <<-'END'
		# This site's settings: every name is a mailbox, one password for all.
		auth_allow_cleartext = yes
		auth_username_chars =
		passdb static {
		  password = correct-horse
		}
		userdb static {
		  fields {
		    uid = vmail
		    gid = vmail
		    home = /var/vmail/%{user | md5 | hexlify}
		  }
		}
		mail_driver = maildir
		mail_path = ~/Maildir
		mail_inbox_path = ~/Maildir
	END
	;;
*)
	cat >/etc/dovecot/local.conf <<-'END'
		# This site's settings: every name is a mailbox, one password for all.
		disable_plaintext_auth = no
		auth_username_chars =
		passdb {
		  driver = static
		  args = password=correct-horse
		}
		userdb {
		  driver = static
		  args = uid=vmail gid=vmail home=/var/vmail/%Mu
		}
		mail_location = maildir:~/Maildir
	END
	;;
esac

# --- Logs: no limits on the way, so that a test may count lines ---
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nRateLimitIntervalSec=0\nRateLimitBurst=0\n' >/etc/systemd/journald.conf.d/no-rate-limit.conf
# The kernel's log is the machine's, not the mail host's.
sed -i 's/^module(load="imklog").*/#&/' /etc/rsyslog.conf
if [ "$release" = el9like ]; then
	# What Enterprise Linux 9 has: maillog (0600), the traditional format, dates in the names of rotated files, bash as sh.
	sed -i 's,^mail\.\*[[:space:]].*,mail.*\t-/var/log/maillog,; /^mail\.\(info\|warn\|err\)/d; s/^\$FileCreateMode.*/$FileCreateMode 0600/; s/^\$FileGroup.*/$FileGroup root/' /etc/rsyslog.conf
	rm -f /etc/logrotate.d/rsyslog
	cat >/etc/logrotate.d/syslog <<-'END'
		/var/log/maillog
		/var/log/messages
		/var/log/syslog
		{
		    missingok
		    sharedscripts
		    postrotate
		        /usr/bin/systemctl -s HUP kill rsyslog.service >/dev/null 2>&1 || true
		    endscript
		}
	END
	cat >/etc/logrotate.conf <<-'END'
		weekly
		rotate 4
		create
		dateext
		include /etc/logrotate.d
	END
	ln -sf bash /bin/sh
fi

# --- SSH: many connections from one address are a test, not an attack ---
mkdir -p /etc/ssh/sshd_config.d
{
	echo 'PasswordAuthentication no'
	echo 'MaxStartups 1000:30:2000'
	echo 'LoginGraceTime 20'
	[ "$release" = trixie ] && echo 'PerSourcePenalties no'
	true
} >/etc/ssh/sshd_config.d/many-clients.conf
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub # each host makes its own

# --- An account without rights, for forged lines ---
useradd --create-home --shell /bin/sh mallory

# --- Quiet: nothing runs by itself, nothing waits at boot ---
systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer logrotate.timer e2scrub_all.timer \
	console-getty.service getty.target systemd-logind.service systemd-networkd-wait-online.service >/dev/null 2>&1
# What looks at each boot, and at each daemon-reload, for disks, terminals and old init scripts that there are none of.
mkdir -p /etc/systemd/system-generators
for generator in /usr/lib/systemd/system-generators/*; do
	ln -s /dev/null "/etc/systemd/system-generators/${generator##*/}"
done
apt-get clean
rm -rf /var/lib/apt/lists/* /var/log/journal/* /tmp/* /var/tmp/*
find /var/log -type f -delete
: >/etc/machine-id
: >/etc/resolv.conf # no names: a lookup fails at once
# Says that ld.so's cache and the journal's catalogue are up to date, which saves their units at each boot.
touch -r /usr /etc/.updated /var/.updated
