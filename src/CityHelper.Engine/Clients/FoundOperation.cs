using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;

namespace CityHelper.Engine.Clients;

/// <summary>A published operation, or why there is none.</summary>
/// <param name="Operation">The operation; null when there is none.</param>
/// <param name="Errors">Why.</param>
/// <param name="Limit">What it may cost with the variables of a request: a multiple of what it costs with its usual ones.</param>
public sealed record FoundOperation(Operation? Operation, IReadOnlyList<RequestError> Errors, PriceLimit? Limit)
{
    internal static FoundOperation Refused(params IReadOnlyList<RequestError> errors) => new(null, errors, null);

    /// <summary>Compiles the text of an operation that is published, and sets its limit.</summary>
    internal static async ValueTask<FoundOperation> CompileAsync(
        OperationCompiler compiler, OperationAppraiser appraiser, string text, string? operationName, CancellationToken cancellation)
    {
        CompiledOperation compiled = await compiler.CompileAsync(text, operationName, cancellation);
        if (compiled.Operation is not { } operation)
        {
            return Refused(compiled.Errors);
        }

        (Appraisal? appraisal, RequestError? error) = appraiser.Appraise(operation);
        return appraisal is null ? Refused(error!) : new FoundOperation(operation, [], PriceLimit.OfPublished(appraisal.Price));
    }
}
