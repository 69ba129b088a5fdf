/** The name of a conversation without a title. */
export function titleOf({ title }: { readonly title?: string }): string {
  return title ?? 'New conversation'
}

/** The title of a fork, cut to the length limit of titles. */
export function forkTitle(title: string | undefined): string {
  const base = (title ?? 'Conversation').replace(/ \(fork(?: (\d+))?\)$/, '')
  return `${base.slice(0, 190)} (fork)`
}
