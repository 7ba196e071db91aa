import { OpsError } from '../lib/errors.ts'

/** host/PROTOCOL.md, Request. Keys without a value are left out. */
export function requestLine(
  verb: string,
  values: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const words = ['maillimit/1', verb]
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) words.push(`${key}=${percentEncode(String(value))}`)
  }
  const line = `${words.join(' ')}\n`
  if (line.length > 1024) {
    throw new OpsError(
      'request-too-long',
      `the request "${verb}" is longer than the 1024 bytes that a mail host reads`,
      {
        hint: 'One of its values is too long to be real; look at where it came from.',
        context: { verb },
      },
    )
  }
  return line
}

function percentEncode(value: string): string {
  let encoded = ''
  for (const byte of Buffer.from(value, 'utf8')) {
    const character = String.fromCharCode(byte)
    encoded += /[A-Za-z0-9._~:/@-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}
