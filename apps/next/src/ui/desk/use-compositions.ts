import { useEffect } from 'react'

/**
 * Keeps the keys of an input method, such as of Japanese, from the page: Enter takes a word there, and Escape leaves it.
 * In Safari the key that ends a composition comes when it has ended, and the code alone tells.
 */
export function useCompositions(): void {
  useEffect(() => {
    const hold = (event: KeyboardEvent): void => {
      // oxlint-disable-next-line typescript/no-deprecated
      if (event.isComposing || event.keyCode === codeOfInputMethod) event.stopPropagation()
    }
    window.addEventListener('keydown', hold, { capture: true })
    return () => window.removeEventListener('keydown', hold, { capture: true })
  }, [])
}

const codeOfInputMethod = 229
