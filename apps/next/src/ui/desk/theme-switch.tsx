'use client'

import { useState } from 'react'
import { Icon } from '../icons.tsx'

export type ThemeChoice = 'auto' | 'light' | 'dark'

const choices = [
  { value: 'auto', label: 'As the system', icon: 'auto' },
  { value: 'light', label: 'Light', icon: 'sun' },
  { value: 'dark', label: 'Dark', icon: 'moon' },
] as const

/** Light, dark, or as the system. Stored in a cookie, so that the server draws the next page right. */
export function ThemeSwitch({ initial }: { initial: ThemeChoice }) {
  const [theme, setTheme] = useState(initial)
  const choose = (value: ThemeChoice): void => {
    setTheme(value)
    document.documentElement.dataset['theme'] = value
    document.cookie = `chat_theme=${value}; path=/; max-age=31536000; samesite=lax`
  }
  return (
    <fieldset className="theme-switch">
      <legend className="hidden">Theme</legend>
      {choices.map(({ value, label, icon }) => (
        <label key={value} title={label}>
          <input
            type="radio"
            name="theme"
            value={value}
            checked={theme === value}
            onChange={() => choose(value)}
            aria-label={label}
          />
          <Icon name={icon} />
        </label>
      ))}
    </fieldset>
  )
}
