// How each plan's stage is made; for stage.cc alone.
#pragma once

#include "simulator/stream/stage.hh"

namespace etimedout {

std::unique_ptr<Stage> stage_for(const FlowPass& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowDelay& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowThrottle& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowLateEnd& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowDiscard& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowReset& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowSlice& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowCut& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowStall& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowDeadline& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowIdle& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowHalfClose& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowCorrupt& plan, StageContext context);
std::unique_ptr<Stage> stage_for(const FlowLoss& plan, StageContext context);

}  // namespace etimedout
