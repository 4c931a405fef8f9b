namespace CityHelper.IntegrationTests.Serving;

/// <summary>Waits for what a server does by itself: as short as it takes, and not for ever.</summary>
internal static class Patience
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    /// <summary>What is looked for, once it is there.</summary>
    /// <param name="look">Looks for it; null while it is not there.</param>
    /// <exception cref="OperationCanceledException">It did not come within a minute.</exception>
    public static Task<T> UntilAsync<T>(Func<T?> look)
        where T : class => UntilAsync(() => Task.FromResult(look()));

    /// <inheritdoc cref="UntilAsync{T}(Func{T})"/>
    public static async Task<T> UntilAsync<T>(Func<Task<T?>> look)
        where T : class
    {
        using var patience = new CancellationTokenSource(s_patience);
        while (true)
        {
            if (await look() is { } found)
            {
                return found;
            }

            await Task.Delay(s_look, patience.Token);
        }
    }
}
