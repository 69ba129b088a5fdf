const paths = {
  list: 'M4 6h16M4 12h16M4 18h10',
  inspector: 'M4 5h16v14H4zM14.5 5v14',
  plus: 'M12 5v14M5 12h14',
  more: 'M5.5 11.5h1v1h-1zM11.5 11.5h1v1h-1zM17.5 11.5h1v1h-1z',
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M12 19V6M6 11.5l6-6 6 6',
  stop: 'M8 8h8v8H8z',
  device: 'M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2',
  back: 'M14.5 6l-6 6 6 6',
  forward: 'M9.5 6l6 6-6 6',
  down: 'M12 5v13M6 12.5l6 6 6-6',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  kept: 'M12 3.5l7 2.5v5.5c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6zM9 12l2.2 2.2L15.2 10',
  auto: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z',
} as const

export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
      {name === 'auto' ? <path d="M12 4a8 8 0 0 1 0 16z" fill="currentcolor" /> : undefined}
    </svg>
  )
}
