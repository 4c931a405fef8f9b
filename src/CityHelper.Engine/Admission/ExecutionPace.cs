namespace CityHelper.Engine.Admission;

/// <summary>
/// How long a plan's executions take for each unit of their cost. Costs are compared with each other by what an operation selects, and two operations of one cost may
/// differ tenfold in time; how long a plan took before tells the rest.
/// </summary>
/// <remarks>
/// It rises quickly and falls slowly, and never below <see cref="Limits.CostUnitMs"/>: five long executions are enough to be taken for dear, and who sends quick ones
/// between them does not hide them. Steps are of the logarithm, so that one execution that was held up by something else does not count for many.
/// </remarks>
internal sealed class ExecutionPace
{
    private const double RiseStep = 0.25;
    private const double FallStep = 0.03;

    private double _unitMs = Limits.CostUnitMs;

    /// <summary>Milliseconds that an execution of this cost is expected to take.</summary>
    public double ExpectedMs(double cost) => Units(cost) * Volatile.Read(ref _unitMs);

    /// <summary>Notes how long an execution took.</summary>
    /// <param name="cost">Its cost.</param>
    /// <param name="milliseconds">From its admission until its answer was assembled.</param>
    /// <param name="isWhole">False for one that ended early: it would have taken at least so long.</param>
    public void Note(double cost, double milliseconds, bool isWhole)
    {
        // Two that note at once may lose one of the two: there will be more.
        double unitMs = Volatile.Read(ref _unitMs);
        double distance = Math.Log(Math.Max(milliseconds, 1e-3) / Units(cost) / unitMs);
        if (distance < 0 && !isWhole)
        {
            return;
        }

        double step = distance > 0 ? RiseStep : FallStep;
        Volatile.Write(ref _unitMs, Math.Max(Limits.CostUnitMs, unitMs * Math.Exp(step * distance)));
    }

    // What selects meta fields alone costs nothing and still takes a little.
    private static double Units(double cost) => Math.Max(cost, 1);
}
