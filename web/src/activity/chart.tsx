import { useSignalEffect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { adminTexts } from '../accounts/texts/admin.ts'
import { formatDay } from '../lib/format.ts'
import { theme } from '../lib/theme.ts'

export interface Series {
  name: string
  values: number[]
  /** A custom property of the style sheet. */
  color: '--accent' | '--amber'
}

interface Props {
  /** Text alternative for screen readers; the figures themselves are in a table beside the chart. */
  label: string
  /** Epoch ms, ascending. */
  times: number[]
  series: Series[]
  format: (value: number) => string
}

const HEIGHT = 220

/** Lines over days. */
export function Chart({ label, times, series, format }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)

  function draw(): void {
    const target = place.current
    if (!target) return
    plot.current?.destroy()
    const data: uPlot.AlignedData = [times.map((time) => time / 1000), ...series.map(({ values }) => values)]
    plot.current = new uPlot(optionsOf(target, series, format), data, target)
  }

  useEffect(() => {
    draw()
    const observer = new ResizeObserver(([entry]) => {
      if (entry) plot.current?.setSize({ width: Math.floor(entry.contentRect.width), height: HEIGHT })
    })
    if (place.current) observer.observe(place.current)
    const devices = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) => matchMedia(query))
    for (const device of devices) device.addEventListener('change', draw)
    return () => {
      observer.disconnect()
      for (const device of devices) device.removeEventListener('change', draw)
      plot.current?.destroy()
    }
  }, [times, series])
  useSignalEffect(() => {
    if (theme.value && plot.current) draw() // a canvas does not follow the style sheet
  })
  return <div ref={place} class="chart" role="img" aria-label={label} />
}

function optionsOf(target: HTMLElement, series: Series[], format: Props['format']): uPlot.Options {
  const [ink, line] = [colorOf(target, '--quiet'), colorOf(target, '--line')]
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '12px system-ui' }
  return {
    width: target.clientWidth,
    height: HEIGHT,
    cursor: { y: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { ...axis, space: 64, gap: 10, values: (_plot, splits) => splits.map((split) => formatDay(split * 1000)) },
      { ...axis, size: 72, values: (_plot, splits) => splits.map((split) => (isWhole(split) ? format(split) : '')) },
    ],
    series: [
      { label: adminTexts.value.day, value: (_plot, time) => (time === null ? '–' : formatDay(time * 1000)) },
      ...series.map(({ name, color }): uPlot.Series => {
        const stroke = colorOf(target, color)
        return {
          label: name,
          stroke,
          fill: stroke.replace('rgb(', 'rgba(').replace(')', ', 0.12)'),
          width: 2,
          points: { show: false },
          value: (_plot, value) => (value === null ? '–' : format(value)),
        }
      }),
    ],
  }
}

/** Uploads have no fractions, so the axis has only whole numbers. */
const isWhole = Number.isInteger

/** The colour in the current theme. */
function colorOf(target: HTMLElement, property: string): string {
  target.style.color = `var(${property})`
  const { color } = getComputedStyle(target)
  target.style.color = ''
  return color
}
