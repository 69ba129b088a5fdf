import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import type { Session } from '@sessions/core';
import { CurrentSession, OptionalSession, SessionsModule } from '@sessions/nest';
import { IsString } from 'class-validator';

export class SayDto {
  @IsString()
  text: string;
}

@Controller()
export class ChatController {
  @Post('chat')
  async chat(@CurrentSession() session: Session, @Body() said: SayDto) {
    await session.append({ role: 'user', content: said.text });
    return { id: session.id, isDto: said instanceof SayDto };
  }

  @Post('conflict')
  async conflict(@CurrentSession() session: Session) {
    await session.append({ id: 'm', role: 'user', content: 'one' });
    await session.append({ id: 'm', role: 'user', content: 'another' });
  }

  @Get('mine')
  mine(@OptionalSession() session: Session | undefined) {
    return { id: session?.id ?? null };
  }
}

@Module({ imports: [SessionsModule.forRoot({ api: {} })], controllers: [ChatController] })
export class AppModule {}
