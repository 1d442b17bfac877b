import { existsSync } from 'node:fs'

/** The programs that tests start: where Debian installs them, its packages for them, and what is not tested without. */
const PROGRAMS = {
  postgres: ['/usr/lib/postgresql', 'postgresql', 'the server on PostgreSQL'],
  ceph: ['/usr/bin/radosgw', 'radosgw ceph-mon ceph-osd', 'files in an S3 bucket'],
  chromium: ['/usr/bin/chromium', 'chromium', 'the pages'],
  headlessShell: ['/usr/bin/chromium-headless-shell', 'chromium-headless-shell', 'the pages'],
  firefox: ['/usr/bin/firefox-esr', 'firefox-esr', 'the pages in Firefox'],
  nginx: ['/usr/sbin/nginx', 'nginx-light', 'behind nginx'],
  haproxy: ['/usr/sbin/haproxy', 'haproxy', 'behind HAProxy'],
  varnish: ['/usr/sbin/varnishd', 'varnish', 'behind Varnish'],
  apache: ['/usr/sbin/apache2', 'apache2-bin', 'behind Apache'],
  caddy: ['/usr/bin/caddy', 'caddy', 'behind Caddy'],
  age: ['/usr/bin/age', 'age', 'decryption in a terminal'],
  exiftool: ['/usr/bin/exiftool', 'libimage-exiftool-perl', 'what exiftool finds in images and videos'],
  imagemagick: ['/usr/bin/identify', 'imagemagick', 'the judgement of images'],
  heif: ['/usr/bin/heif-enc', 'libheif-examples', 'HEIC'],
  ext4: ['/sbin/mkfs.ext4', 'e2fsprogs', 'a power cut'],
  strace: ['/usr/bin/strace', 'strace', 'system calls that fail'],
  faketime: ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', 'faketime', 'a wall clock that leaps'],
  wget: ['/usr/bin/wget', 'wget', 'downloads with wget'],
  aria2c: ['/usr/bin/aria2c', 'aria2', 'downloads with aria2c'],
  axel: ['/usr/bin/axel', 'axel', 'downloads with axel'],
  rclone: ['/usr/bin/rclone', 'rclone', 'downloads with rclone'],
} satisfies Record<string, [path: string, packages: string, tests: string]>

export type Program = keyof typeof PROGRAMS

export const pathOf = (program: Program): string => PROGRAMS[program][0]

export const isInstalled = (program: Program): boolean => existsSync(pathOf(program))

/** What can't be tested on this machine, and how it could be; empty when nothing is missing. */
export function missingPrograms(): string {
  const missing = (Object.keys(PROGRAMS) as Program[]).filter((program) => !isInstalled(program))
  if (missing.length === 0) return ''
  const tests = new Set(missing.map((program) => `  ${PROGRAMS[program][2]}`))
  const packages = missing.map((program) => PROGRAMS[program][1])
  return [
    'NOT TESTED, since programs are missing:',
    ...tests,
    'On Debian: apt-get install --no-install-recommends',
    `  ${packages.join(' ')}`,
  ].join('\n')
}
