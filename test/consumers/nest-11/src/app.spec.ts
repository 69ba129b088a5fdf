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
    await module.close();
    expect(createSessions()).toBeDefined();
  });
});
