import type { Metadata, Viewport } from 'next'
import type { ReactNode } from 'react'
import { readLook } from '../ui/look.ts'
import '../ui/styles/tokens.css'
import '../ui/styles/base.css'
import '../ui/styles/controls.css'
import '../ui/styles/desk.css'
import '../ui/styles/sidebar.css'
import '../ui/styles/conversation.css'
import '../ui/styles/entries.css'
import '../ui/styles/inspector.css'
import '../ui/styles/context.css'
import '../ui/styles/dialog.css'
import '../ui/styles/pages.css'
import '../ui/styles/privacy.css'
import '../ui/styles/code.css'
import '../ui/styles/narrow.css'
import '../ui/styles/contrast.css'
import '../ui/styles/print.css'

export const metadata: Metadata = {
  title: { default: 'Blotter', template: '%s · Blotter' },
  description: 'Conversations that stay where you left them.',
  referrer: 'no-referrer',
}

// The background colour of each theme, for the parts that the browser paints around the page.
const paper = { light: '#fbf8f1', dark: '#15181e' }

export async function generateViewport(): Promise<Viewport> {
  const { theme } = await readLook()
  return {
    width: 'device-width',
    initialScale: 1,
    interactiveWidget: 'resizes-content',
    themeColor:
      theme === 'auto'
        ? [
            { media: '(prefers-color-scheme: light)', color: paper.light },
            { media: '(prefers-color-scheme: dark)', color: paper.dark },
          ]
        : paper[theme],
  }
}

export default async function RootLayout({ children }: { children: ReactNode }) {
  const { theme } = await readLook()
  return (
    // The theme is in a cookie, so the first paint is right without a script.
    <html lang="en" data-theme={theme}>
      <body>
        <a className="skip-link" href="#main">
          Skip to the conversation
        </a>
        {children}
      </body>
    </html>
  )
}
