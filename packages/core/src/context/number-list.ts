type Numbers =
  | Int32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>

/** A growing list of numbers that takes a few bytes for each; a JavaScript list takes many times as much. */
export class NumberList<T extends Numbers> {
  values: T
  length = 0
  readonly #make: (length: number) => T

  constructor(make: (length: number) => T) {
    this.#make = make
    this.values = make(16)
  }

  get bytes(): number {
    return this.values.byteLength
  }

  push(value: number): void {
    if (this.length === this.values.length) this.#grow()
    this.values[this.length++] = value
  }

  #grow(): void {
    const grown = this.#make(Math.ceil(this.values.length * 1.5))
    grown.set(this.values)
    this.values = grown
  }
}

export const int32List = () => new NumberList((length) => new Int32Array(length))
export const float64List = () => new NumberList((length) => new Float64Array(length))
export const uint16List = () => new NumberList((length) => new Uint16Array(length))
export const uint8List = () => new NumberList((length) => new Uint8Array(length))
