/** The characters that a message may have. */
export const maxMessageLength = 20_000

/** Says of a message that it is too long. Nothing of it is cut off: its writer knows best what can go. */
export function TooLong({ id, text }: { id: string; text: string }) {
  const { length } = text.trim()
  if (length <= maxMessageLength) return undefined
  const [has, most] = [length.toLocaleString('en'), maxMessageLength.toLocaleString('en')]
  return (
    <p className="too-long" id={id} role="alert">
      {has} of {most} characters: shorten it to send it.
    </p>
  )
}
