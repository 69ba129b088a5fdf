/** Whether a request asks for this very media type: a range such as `text/*` does not name it, and `q=0` refuses it. */
export function accepts({ headers }: Pick<Request, 'headers'>, type: string): boolean {
  const ranges = headers.get('accept')?.toLowerCase().split(',') ?? []
  return ranges.some((range) => {
    const [name, ...parameters] = range.split(';').map((part) => part.trim())
    return name === type && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
  })
}
