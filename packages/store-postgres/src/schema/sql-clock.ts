/** The server's clock in ms when the statement arrived: the same wherever it stands in one statement. */
export const nowMs = `floor(date_part('epoch', statement_timestamp()) * 1000)::bigint`

/** The server's clock in ms at this very moment: a write that waited for a lock must not pass a deadline meanwhile. */
export const momentMs = `floor(date_part('epoch', clock_timestamp()) * 1000)::bigint`

/**
 * The hour of a deadline, by which a sweep finds a session: it has an indexed column of its own, which must not move with
 * every write. Null without a deadline, so that the index leaves endless sessions out.
 */
export function hourOf(deadline: string): string {
  // `least` passes over null.
  return `nullif(least((${deadline}) / 3600000, 2147483647), 2147483647)::integer`
}

/** True for a session of the table aliased `alias` whose deadline, if it has one, is later than `at`. */
export function isLive(alias: string, at = nowMs): string {
  return `(${alias}.expires_at is null or ${alias}.expires_at > ${at})`
}
