import { type ClipboardEvent, useEffect, useState } from 'react'

interface DroppedFiles {
  /** Somebody has brought a file, and no text since. */
  readonly hasFile: boolean
  readonly onPaste: (event: ClipboardEvent) => void
  readonly forget: () => void
}

/** What a message cannot take. A file that is dropped anywhere would otherwise open in place of the page. */
export function useDroppedFiles(): DroppedFiles {
  const [hasFile, setHasFile] = useState(false)
  useEffect(() => {
    const refuse = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes('Files') !== true) return
      event.preventDefault()
      if (event.type === 'drop') setHasFile(true)
    }
    window.addEventListener('dragover', refuse)
    window.addEventListener('drop', refuse)
    return () => {
      window.removeEventListener('dragover', refuse)
      window.removeEventListener('drop', refuse)
    }
  }, [])
  return {
    hasFile,
    onPaste: ({ clipboardData }) =>
      setHasFile(clipboardData.files.length > 0 && clipboardData.getData('text') === ''),
    forget: () => setHasFile(false),
  }
}
