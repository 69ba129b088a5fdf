/** A page as it arrived, the parts that were streamed with it. */
export async function load(
  response: Response,
): Promise<{ html: string; text: string; shown: Record<string, unknown> }> {
  const html = await response.text()
  const text = html
    .replaceAll(/<script\b.*?<\/script>/gs, '')
    .replaceAll('<!-- -->', '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#x27;', "'")
  const json = /<p id="(?:shown|codes)">(.*?)<\/p>/s.exec(text)?.[1]
  return { html, text, shown: json === undefined ? {} : (JSON.parse(json) as Record<string, unknown>) }
}
