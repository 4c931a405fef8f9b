using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;

namespace CityHelper.Engine.Clients;

/// <summary>A published operation, or the errors why there is none.</summary>
/// <param name="Operation">The operation; null when there is none.</param>
/// <param name="Errors">The errors; empty with an operation.</param>
/// <param name="Limit">The cost limit for the variables of a request: a multiple of the cost with the usual variables.</param>
public sealed record FoundOperation(Operation? Operation, IReadOnlyList<RequestError> Errors, CostLimit? Limit)
{
    internal static FoundOperation Refused(params IReadOnlyList<RequestError> errors) => new(null, errors, null);

    /// <summary>Compiles the text of a published operation and sets its cost limit.</summary>
    internal static async ValueTask<FoundOperation> CompileAsync(
        OperationCompiler compiler, CostAnalyser costAnalyser, string text, string? operationName, CancellationToken cancellation)
    {
        CompiledOperation compiled = await compiler.CompileAsync(text, operationName, cancellation);
        if (compiled.Operation is not { } operation)
        {
            return Refused(compiled.Errors);
        }

        (CostAnalysis? analysis, RequestError? error) = costAnalyser.Analyse(operation);
        return analysis is null ? Refused(error!) : new FoundOperation(operation, [], CostLimit.OfPublished(analysis.Cost));
    }
}
