/** The packages that people install, by the name of their folder. */
export declare const published: readonly string[];
/** Builds these packages. @returns A folder of its own, and what packs one of the packages into it: the tarball's path. */
export declare function packer(names: readonly string[]): Promise<{
    folder: string;
    pack: (name: string) => string;
}>;
