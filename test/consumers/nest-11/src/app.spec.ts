import { Test } from '@nestjs/testing';
import { createSessions } from '@sessions/core';
import { getSessionsToken } from '@sessions/nest';
import { AppModule, ChatController } from './app.module';

describe('ChatController', () => {
  it('says', async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const controller = module.get(ChatController);
    const sessions = module.get(getSessionsToken());
    const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create();
    expect(await controller.chat(session, { text: 'Hi' })).toMatchObject({ id: session.id });
    // Turns and contexts are loaded with their first use, by `import()`.
    const turn = session.turn('And you?', async ({ context }) => String((await context({ maxTokens: 1000 })).messages.length));
    expect((await turn.result).text).toBe('2');
    await module.close();
    expect(createSessions()).toBeDefined();
  });
});
