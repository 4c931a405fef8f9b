namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>Makes a failing request smaller: removes parts of its body as long as it still fails.</summary>
internal static class FuzzShrinker
{
    private const int AttemptsMax = 400;

    /// <param name="request">A request that fails.</param>
    /// <param name="failsAsync">Whether a smaller one fails.</param>
    public static async Task<FuzzRequest> ShrinkAsync(FuzzRequest request, Func<FuzzRequest, Task<bool>> failsAsync)
    {
        int attempts = 0;
        for (int length = request.Body.Length / 2; length > 0; length /= 2)
        {
            for (int at = 0; at + length <= request.Body.Length && attempts < AttemptsMax; attempts++)
            {
                FuzzRequest smaller = request with { Body = [.. request.Body[..at], .. request.Body[(at + length)..]] };
                if (await failsAsync(smaller))
                {
                    request = smaller;
                }
                else
                {
                    at += length;
                }
            }
        }

        return request;
    }
}
