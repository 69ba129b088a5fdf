import { Controller, Get, Header } from '@nestjs/common'
import { homePage } from '../pages/home-page.js'

/** The page of a laptop, which stands in for an assistant. */
@Controller()
export class HomeController {
  readonly #page = homePage()

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  show(): string {
    return this.#page
  }
}
