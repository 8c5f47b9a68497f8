// What vitest prints by itself, and before each file how many of how many are done: in a file or a pipe nothing else says it.
import { DefaultReporter, type TestCase, type TestModule, type TestSuite } from 'vitest/node';

/** The reporter of `vitest.config.ts`. */
export class CountingReporter extends DefaultReporter {
  private total = 0;
  private ended = 0;

  override onTestRunStart(files: Parameters<DefaultReporter['onTestRunStart']>[0]): void {
    [this.total, this.ended] = [files.length, 0];
    super.onTestRunStart(files);
  }

  protected override printTestModule(file: TestModule): void {
    this.ended += 1;
    super.printTestModule(file);
  }

  protected override getEntityPrefix(entity: TestCase | TestModule | TestSuite): string {
    const prefix = super.getEntityPrefix(entity);
    return entity.type === 'module' ? `${this.ended}/${this.total} ${prefix}` : prefix;
  }
}
