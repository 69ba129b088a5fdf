export declare const root: string;
export declare const cache: string;
/** The environment for child processes: npm's own settings would confuse pnpm, and no program may ask questions. */
export declare function childEnv(extra?: {}): {
    COREPACK_ENABLE_DOWNLOAD_PROMPT: string;
    TURBO_TELEMETRY_DISABLED: string;
    NEXT_TELEMETRY_DISABLED: string;
};
/** Runs a command to its end; rejects when it fails, with the end of its output if the output was not shown. */
export declare function run(command: any, args: any, { quiet, cwd, env }?: {
    cwd?: string | undefined;
    env?: {} | undefined;
    quiet?: boolean | undefined;
}): Promise<any>;
/** Runs one step and reports it: on a terminal a line that grows while it lasts, elsewhere two plain lines. */
export declare function step(name: any, work: any): Promise<any>;
/** How to call pnpm: through corepack where Node has it, else through npx at the pinned version. */
export declare function pnpm(): Promise<any>;
/** Installs the dependencies of the lockfile, unless they are installed. */
export declare function install(): Promise<void>;
/**
 * Runs turbo. turbo looks for pnpm on the PATH, where it may be missing: a small script of that name takes its place.
 */
export declare function turbo(args: any, options: any): Promise<any>;
/** Builds the named packages and all their dependencies. */
export declare function build(...packages: any[]): Promise<void>;
/** Builds every package and application, but the one that only `npm run test:wide` needs. */
export declare function buildAll(): Promise<any>;
