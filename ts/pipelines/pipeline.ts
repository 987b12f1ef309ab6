/** The pipeline as it is made: without stages what goes in comes out, so the first stage takes what goes in. */
import { BuiltPipeline } from './builder.js';
import type { PipelineConfig, PipelineStageConfig } from './config.js';
import type { PipelineStage } from './stage.js';

/** A pipeline without stages. */
export interface EmptyPipeline<TInput, TOutput> extends BuiltPipeline<TInput, TInput> {
  /** Adds the first stage. */
  addStage<TNext>(
    stage: PipelineStageConfig<TInput, TNext> | PipelineStage<TInput, TNext>,
  ): BuiltPipeline<TInput, TNext>;
  /** The same, if it is declared to take what the pipeline is to give in the end. */
  addStage<TNext>(
    stage: PipelineStageConfig<TOutput, TNext> | PipelineStage<TOutput, TNext>,
  ): BuiltPipeline<TInput, TNext>;
}

/** Makes pipelines. `TOutput` says what is to come out in the end; what does is known from the stages. */
export interface PipelineConstructor {
  new <TInput, TOutput = TInput>(config?: Partial<PipelineConfig>): EmptyPipeline<TInput, TOutput>;
}

Object.defineProperty(BuiltPipeline, 'name', { value: 'Pipeline' });

/** See {@link BuiltPipeline}. */
export const Pipeline: PipelineConstructor = BuiltPipeline;
/** See {@link BuiltPipeline}. */
export type Pipeline<TInput, TOutput> = BuiltPipeline<TInput, TOutput>;
