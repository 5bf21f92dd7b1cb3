import { IsBoolean, IsString } from 'class-validator';
import { EnvKey } from '#domain';

export class JsonEnv {
  @EnvKey({
    key: 'JSON_MAPPING',
    description: "Path of the mapping file; the sandbox's dialect when empty (docs/vendors.md)",
  })
  @IsString()
  mapping = '';

  @EnvKey({ key: 'JSON_URL', description: "Overrides the URL of the mapping's stream" })
  @IsString()
  url = '';

  @EnvKey({
    key: 'JSON_HTTP_URL',
    description: "Overrides the URL of the mapping's http part; {symbols} is what is asked for",
  })
  @IsString()
  httpUrl = '';

  @EnvKey({ key: 'JSON_ALLOW_INSECURE', description: 'Allow ws:// and http:// to hosts other than this machine' })
  @IsBoolean()
  allowInsecure = false;
}
