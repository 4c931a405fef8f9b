using Microsoft.Extensions.Options;

namespace CityHelper.Server.Configuration;

/// <summary>Registers options classes.</summary>
internal static class SettingsServices
{
    /// <summary>Adds an options class (<see cref="IOptions{TOptions}"/>) that is validated before the server starts.</summary>
    public static IServiceCollection AddSettings<T>(this IServiceCollection services)
        where T : class, ISettings, new()
    {
        services.AddOptions<T>()
            .Configure<IConfiguration>((settings, configuration) => settings.Read(new SettingsReader(configuration)))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<T>, SettingsValidation<T>>();
        return services;
    }

    /// <summary>The validated settings of a class.</summary>
    public static T Settings<T>(this IServiceProvider services)
        where T : class, ISettings, new() => services.GetRequiredService<IOptions<T>>().Value;

    /// <summary>Validates all settings.</summary>
    /// <exception cref="ConfigurationException">Some are wrong; the message has one sentence for each problem.</exception>
    public static void RequireValidSettings(this IServiceProvider services)
    {
        try
        {
            services.GetRequiredService<IStartupValidator>().Validate();
        }
        catch (OptionsValidationException one)
        {
            throw new ConfigurationException([.. one.Failures]);
        }
        catch (AggregateException several) when (several.InnerExceptions.All(inner => inner is OptionsValidationException))
        {
            IEnumerable<OptionsValidationException> all = several.InnerExceptions.Cast<OptionsValidationException>();
            throw new ConfigurationException([.. all.SelectMany(inner => inner.Failures)]);
        }
    }
}

/// <summary>Validates an options class: first that its values can be read, then what they mean.</summary>
internal sealed class SettingsValidation<T>(IConfiguration configuration, IHostEnvironment environment) : IValidateOptions<T>
    where T : class, ISettings, new()
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        var reader = new SettingsReader(configuration);
        new T().Read(reader);
        string[] problems = [.. reader.Problems, .. options.Problems(environment)];
        return problems.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
