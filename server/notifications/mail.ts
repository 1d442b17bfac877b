const TIMEOUT_MS = 10_000

export interface Mail {
  to: string
  subject: string
  text: string
}

/** Sends mail through the configured SMTP server. The library is loaded for the first mail. */
export async function sendMail(
  { to, subject, text }: Mail,
  { smtpUrl, from }: { smtpUrl: string; from: string },
): Promise<void> {
  const { createTransport } = await import('nodemailer')
  const timeouts = { connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS }
  const transport = createTransport({ url: smtpUrl, disableFileAccess: true, disableUrlAccess: true, ...timeouts })
  try {
    await transport.sendMail({ from, to, subject, text })
  } finally {
    transport.close()
  }
}
