/** The pipeline as it is made: without stages what goes in comes out, so the first stage takes what goes in. */
import { Pipeline as Builder } from './builder.js';
import type { PipelineConfig, PipelineStageConfig } from './config.js';
import type { PipelineStage } from './stage.js';

/** A pipeline without stages. */
export interface EmptyPipeline<TInput, TOutput> extends Builder<TInput, TInput> {
  addStage<TNext>(
    stage: PipelineStageConfig<TInput, TNext> | PipelineStage<TInput, TNext>,
  ): Builder<TInput, TNext>;
  /** For a first stage that is declared to take what the pipeline is to give in the end. */
  addStage<TNext>(
    stage: PipelineStageConfig<TOutput, TNext> | PipelineStage<TOutput, TNext>,
  ): Builder<TInput, TNext>;
}

/** Makes pipelines. `TOutput` says what is to come out in the end; what does is known from the stages. */
export interface PipelineConstructor {
  new <TInput, TOutput = TInput>(config?: Partial<PipelineConfig>): EmptyPipeline<TInput, TOutput>;
}

export const Pipeline: PipelineConstructor = Builder;
export type Pipeline<TInput, TOutput> = Builder<TInput, TOutput>;
