import { deepStrictEqual } from 'node:assert';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type MicroserviceOptions, Transport } from '@nestjs/microservices';
import { AppModule } from './app.module';

const quiet = { logger: ['error' as const] };
const tcp = { transport: Transport.TCP as const, options: { host: '127.0.0.1', port: 0 } };

async function serve() {
  const app = await NestFactory.create(AppModule, quiet);
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      validateCustomDecorators: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
    }),
  );
  app.setGlobalPrefix(':tenant/api');
  // A hybrid application.
  app.connectMicroservice<MicroserviceOptions>(tcp);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/acme/api`;
  const post = (path: string, body = '{}', headers = {}) =>
    fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  const said = await post('/chat', '{"text":"Hi"}');
  const { id, isDto } = (await said.json()) as { id: string; isDto: boolean };
  const cookie = said.headers.getSetCookie()[0].split(';')[0];
  const mine = (await (await fetch(`${url}/mine`, { headers: { cookie } })).json()) as { id: string };
  const made = await post('/sessions');
  deepStrictEqual(
    {
      said: said.status,
      isDto,
      isSame: mine.id === id,
      wrong: (await post('/chat', '{"text":5}')).status,
      conflict: (await post('/conflict')).status,
      made: made.status,
      isUnderPrefix: made.headers.get('location')?.startsWith('/acme/api/sessions/'),
    },
    { said: 201, isDto: true, isSame: true, wrong: 400, conflict: 409, made: 201, isUnderPrefix: true },
  );
  await app.close();
}

async function main() {
  const context = await NestFactory.createApplicationContext(AppModule, quiet);
  await context.close();
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { ...tcp, ...quiet });
  await service.listen();
  await service.close();
  await serve();
}
void main();
